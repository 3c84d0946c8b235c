-- A critical result: who is called?
--
-- One page for each critical value, to the pager of the ward: by day the ward's own, by night that of whoever is on call for
-- it. A route cannot do that: it sends one message, not one for each line, and knows no hours.

local CRITICAL = { HH = true, LL = true, AA = true }
local DAY = { first = 7, last = 18 }

local function pager(message)
  local hour = tonumber((message["MSH-7"] or ""):sub(9, 10)) or 0
  local by_day = hour >= DAY.first and hour <= DAY.last
  local ward = (message["PV1-3.1"] or ""):match("^[^-]*")         -- the analyzer writes the bed as ICU-2-A
  return lookup(by_day and "pagers-by-day" or "pagers-by-night", ward)
end

-- The message with this one result, under a control id of its own. Notes belong to the line above them, which may be gone.
local function page(message, number, to)
  local one = message:copy()
  for other = message:count("OBX"), 1, -1 do
    if other ~= number then one:remove("OBX[" .. other .. "]") end
  end
  for note = one:count("NTE"), 1, -1 do one:remove("NTE[" .. note .. "]") end
  one["MSH-5"] = "PAGER"
  one["MSH-6"] = to
  one["MSH-10"] = message["MSH-10"] .. "-" .. number
  one["OBX-1"] = "1"
  return one
end

function handle(message)
  local to = pager(message)
  for number = 1, message:count("OBX") do
    if CRITICAL[message["OBX[" .. number .. "]-8.1"]] then
      emit(page(message, number, to))
    end
  end
end
