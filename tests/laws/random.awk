# What the random histories of history.sh and loop.sh are made of: chance, times, and the members of a record.

# -- chance: the same on every machine ------------------------------------------------------------------------------
function chance(n) { lot = (lot * 16807) % 2147483647; return int(lot / 64) % n }
function pick(list,   words, n) { n = split(list, words, " "); return words[1 + chance(n)] }

function thousandths(n) { return n % 1000 ? sprintf("%d.%03d", int(n / 1000), n % 1000) : sprintf("%d", n / 1000) }

# -- times: milliseconds since 1970, in any of the forms that records may bear ---------------------------------------
function civil(ms, gap, zone,   days, rest, y, m, d, era, doe, yoe, doy, mp, text) {
  days = int(ms / 86400000); rest = ms % 86400000
  days += 719468; era = int(days / 146097); doe = days - era * 146097
  yoe = int((doe - int(doe / 1460) + int(doe / 36524) - int(doe / 146096)) / 365)
  doy = doe - (365 * yoe + int(yoe / 4) - int(yoe / 100)); mp = int((5 * doy + 2) / 153)
  d = doy - int((153 * mp + 2) / 5) + 1; m = mp < 10 ? mp + 3 : mp - 9; y = yoe + era * 400 + (m <= 2)
  text = sprintf("%04d-%02d-%02d%s%02d:", y, m, d, gap, int(rest / 3600000))
  text = text sprintf("%02d:%02d", int(rest / 60000) % 60, int(rest / 1000) % 60)
  return text (ms % 1000 ? sprintf(".%03d", ms % 1000) : "") zone
}
function time(ms,   form) {
  form = chance(5)
  if (form == 1) return "\"" civil(ms + 19800000, "T", "+05:30") "\""
  if (form == 2 && ms % 1000 == 0) return "\"" civil(ms, " ", "") "\""
  if (form == 3) return thousandths(ms)
  if (form == 4) return sprintf("%.0f", ms)
  return "\"" civil(ms, "T", "Z") "\""
}
# in 111 days from 1 November 2025, few enough that workflows share them
function moment() {
  return 1761955200000 + chance(111) * 86400000 + chance(3) * 3600000 + (chance(5) ? 0 : 1 + chance(999))
}

# -- records --------------------------------------------------------------------------------------------------------
function seconds(ms) { return ms == "" ? "null" : thousandths(ms) }
function dollars(nano) {
  if (nano == "") return "null"
  return chance(4) ? sprintf("%d.%09d", int(nano / 1000000000), nano % 1000000000) : sprintf("%de-9", nano)
}
function known(value) { return value == "" ? "null" : value "" }
function member(name, value) { memberCount++; members[memberCount] = "\"" name "\":" value }
# a value that is not known is left out, or null
function maybe(name, value) { if (value != "null" || chance(2)) member(name, value) }
function object(   i, j, swap, text) {
  for (i = memberCount; i > 1; i--) { j = 1 + chance(i); swap = members[i]; members[i] = members[j]; members[j] = swap }
  for (i = 1; i <= memberCount; i++) text = text (i > 1 ? "," : "") members[i]
  memberCount = 0
  return "{" text "}"
}
# what the one of two versions that is newer has more of, from left to right
function version(at, ended, count) {
  return sprintf("[%d,%.0f,%d,%.0f]", at != "", at == "" ? 0 : at, ended, count == "" ? -1 : count)
}
