-- What a script finds when it begins. Runs once in each interpreter, before any script, and gives back what the engine
-- needs of it. `host` holds functions of the engine; each gives `true` and its values, or `false` and what is wrong.

local host = ...

local assert, error, getmetatable, ipairs, next, pairs, pcall, rawequal, rawget, rawlen, rawset, select, setmetatable,
  tonumber, tostring, type = assert, error, getmetatable, ipairs, next, pairs, pcall, rawequal, rawget, rawlen, rawset,
  select, setmetatable, tonumber, tostring, type
local pack, unpack, join = table.pack, table.unpack, table.concat
local tointeger, form, sub = math.tointeger, string.format, string.sub

-- Where an object keeps what the engine knows it by.
local key = {}

-- A run ends by a yield out of all calls, which no call of C may stand between. So whatever of Lua's libraries calls
-- functions of a script, by its arguments or by metamethods, is written in Lua here.

-- Raises what is wrong as a string with the place in the script, which is two levels up: this call takes the place of
-- the wrapper's, which calls it last.
local function settle(ok, ...)
  if ok then return ... end
  error((...), 2)
end

local function raising(f)
  return function(...) return settle(f(...)) end
end

-- Tables that all messages share. A script reads them through an empty one that refuses to be written.
local is_shared = {}

local function shared(name, entries)
  local face = setmetatable({}, {
    __index = entries,
    __newindex = function() error("'" .. name .. "' cannot be changed", 2) end,
    __metatable = false,
  })
  is_shared[face] = true
  return face
end

-- Errors. A run that has ended is not for the script to catch: `host.stop` raises its end again.

local function passed(ok, ...)
  if not ok then host.stop() end
  return ok, ...
end

local function protected(f, ...)
  return passed(pcall(f, ...))
end

-- Lua's own calls its handler inside of the error; this one calls it when all is unwound.
local function protected_with(f, handler, ...)
  local results = pack(protected(f, ...))
  if results[1] then return unpack(results, 1, results.n) end
  return false, handler(results[2])
end

-- Finalizers run where no hook is called.
local function set_metatable(t, meta)
  if type(meta) == "table" and rawget(meta, "__gc") ~= nil then
    error("'__gc' is not there for scripts", 2)
  end
  return setmetatable(t, meta)
end

local function raw_set(t, key, value)
  if is_shared[t] then error("this table cannot be changed", 2) end
  return rawset(t, key, value)
end

local function to_string(...)
  if select("#", ...) == 0 then error("bad argument #1 to 'tostring' (value expected)", 2) end
  local value = ...
  if type(value) ~= "table" then return tostring(value) end
  local object = rawget(value, key)
  if object then return settle(host.shown(object)) end
  local meta = getmetatable(value)
  if meta == nil then return tostring(value) end
  local show = type(meta) == "table" and rawget(meta, "__tostring")
  if not show then return form("table: %p", value) end
  local text = show(value)
  if type(text) ~= "string" then error("'__tostring' must return a string", 2) end
  return text
end

local function format(...)
  local arguments = pack(...)
  for i = 2, arguments.n do
    if type(arguments[i]) == "table" then arguments[i] = to_string(arguments[i]) end
  end
  return form(unpack(arguments, 1, arguments.n))
end

local function next_of(t, i)
  i = i + 1
  local value = t[i]
  if value ~= nil then return i, value end
end

local function ipairs_of(t)
  if t == nil then error("bad argument #1 to 'ipairs' (table expected, got nil)", 2) end
  return next_of, t, 0
end

-- `table`, in Lua where C would go on for as long as a table claims to be long.

local function needs_table(t, name)
  if type(t) ~= "table" then
    error("bad argument #1 to '" .. name .. "' (table expected, got " .. type(t) .. ")", 3)
  end
end

local function insert(t, ...)
  needs_table(t, "insert")
  local count, length = select("#", ...), #t
  if count == 1 then
    t[length + 1] = (...)
  elseif count == 2 then
    local position, value = ...
    position = tointeger(position)
    if not position or position < 1 or position > length + 1 then
      error("bad argument #2 to 'insert' (position out of bounds)", 2)
    end
    for i = length, position, -1 do t[i + 1] = t[i] end
    t[position] = value
  else
    error("wrong number of arguments to 'insert'", 2)
  end
end

local function remove(t, position)
  needs_table(t, "remove")
  local length = #t
  if position == nil then position = length end
  position = tointeger(position)
  if not position or (length + 1 ~= position and (position < 1 or position > length + 1) and
      not (length == 0 and position == 0)) then
    error("bad argument #2 to 'remove' (position out of bounds)", 2)
  end
  local value = t[position]
  for i = position, length - 1 do t[i] = t[i + 1] end
  if position <= length then t[length] = nil end
  return value
end

local function move(from, first, last, at, to)
  needs_table(from, "move")
  to = to or from
  if at > last or at <= first or to ~= from then
    for i = 0, last - first do to[at + i] = from[first + i] end
  else
    for i = last - first, 0, -1 do to[at + i] = from[first + i] end
  end
  return to
end

-- A table without metamethods, and where its entries stand.
local function plainly(t, first, last)
  first, last = first or 1, last or #t
  if getmetatable(t) == nil then return t, first, last end
  local plain = {}
  for i = first, last do plain[i - first + 1] = t[i] end
  return plain, 1, last - first + 1
end

local function concat(t, separator, first, last)
  needs_table(t, "concat")
  t, first, last = plainly(t, first, last)
  return join(t, separator or "", first, last)
end

local function unpack_of(t, first, last)
  needs_table(t, "unpack")
  return unpack(plainly(t, first, last))
end

local function merge(t, spare, first, last, before)
  if first >= last then return end
  local middle = (first + last) // 2
  merge(t, spare, first, middle, before)
  merge(t, spare, middle + 1, last, before)
  local left, right = first, middle + 1
  for i = first, last do spare[i] = t[i] end
  for i = first, last do
    if right > last or (left <= middle and not before(spare[right], spare[left])) then
      t[i], left = spare[left], left + 1
    else
      t[i], right = spare[right], right + 1
    end
  end
end

local function sort(t, before)
  needs_table(t, "sort")
  merge(t, {}, 1, #t, before or function(a, b) return a < b end)
end

-- `string`, with patterns that are paid for.

local function matches(subject, pattern, init)
  local from, last = 0, nil
  init = init or 1
  if init > 0 then from = init - 1 elseif init < 0 then from = #subject + init end
  if from < 0 then from = 0 end
  local function step(ok, start, stop, ...)
    if not ok then error(start, 2) end
    from, last = stop, stop
    return ...
  end
  return function()
    if from == nil then return nil end
    return step(host.next_match(subject, pattern, from, last, false))
  end
end

local function replace(subject, pattern, with, most)
  local kind = type(with)
  if kind ~= "table" and kind ~= "function" then
    return settle(host.gsub(subject, pattern, with, most))
  end
  local pieces, count, copied, last = {}, 0, 0, nil
  local function step(ok, start, stop, ...)
    if not ok then error(start, 3) end
    if start == nil then return false end
    local value
    if kind == "table" then value = with[(...)] else value = with(...) end
    if not value then
      value = sub(subject, start + 1, stop)
    elseif type(value) ~= "string" and type(value) ~= "number" then
      error("invalid replacement value (a " .. type(value) .. ")", 3)
    end
    pieces[#pieces + 1] = sub(subject, copied + 1, start)
    pieces[#pieces + 1] = value
    copied, last = stop, stop
    return true
  end
  while not most or count < most do
    if not step(host.next_match(subject, pattern, copied, last, true)) then break end
    count = count + 1
    if sub(pattern, 1, 1) == "^" then break end
  end
  pieces[#pieces + 1] = sub(subject, copied + 1)
  return join(pieces), count
end

local strings = {
  byte = string.byte, char = string.char, format = format, len = string.len, lower = string.lower,
  rep = string.rep, reverse = string.reverse, sub = string.sub, upper = string.upper,
  find = raising(host.find), match = raising(host.match), gmatch = matches, gsub = replace,
}
local of_strings = getmetatable("")
of_strings.__index = strings
of_strings.__metatable = false

-- Texts that are numbers count as such. Lua's own would call metamethods of the other operand from C.
local function counting(compute)
  return function(a, b)
    local x, y = tonumber(a), tonumber(b)
    if not x or not y then error("attempt to perform arithmetic on a text that is no number", 2) end
    return compute(x, y)
  end
end
of_strings.__add = counting(function(a, b) return a + b end)
of_strings.__sub = counting(function(a, b) return a - b end)
of_strings.__mul = counting(function(a, b) return a * b end)
of_strings.__div = counting(function(a, b) return a / b end)
of_strings.__mod = counting(function(a, b) return a % b end)
of_strings.__pow = counting(function(a, b) return a ^ b end)
of_strings.__idiv = counting(function(a, b) return a // b end)
of_strings.__unm = counting(function(a) return -a end)

-- Messages.

local Message = { __name = "message", __metatable = false }
local methods = {}

local function wrap(object)
  return setmetatable({ [key] = object }, Message)
end

local function object_of(self)
  return type(self) == "table" and rawget(self, key) or nil
end

local function method(name, f)
  return function(self, ...)
    local object = object_of(self)
    if not object then error("call it with a colon: message:" .. name .. "(…)", 2) end
    return settle(f(object, ...))
  end
end

for _, name in ipairs { "get", "raw", "all", "has", "count", "bytes", "set", "set_raw", "remove" } do
  methods[name] = method(name, host.messages[name])
end

function methods.clear(self, path)
  local object = object_of(self)
  if not object then error("call it with a colon: message:clear(…)", 2) end
  return settle(host.messages.set(object, path, nil))
end

function methods.copy(self)
  local object = object_of(self)
  if not object then error("call it with a colon: message:copy()", 2) end
  return wrap(settle(host.messages.copy(object)))
end

function Message.__index(self, name)
  local found = methods[name]
  if found then return found end
  return settle(host.messages.get(rawget(self, key), name))
end

function Message.__newindex(self, path, value)
  return settle(host.messages.set(rawget(self, key), path, value))
end

local function parse(text)
  local ok, object = host.messages.parse(text)
  if not ok then error(object, 2) end
  return wrap(object)
end

local function plain(value)
  local object = object_of(value)
  if object then return settle(host.messages.bytes(object)) end
  return value
end

-- The log.

local function logging(level)
  return function(text) return settle(host.log(level, text)) end
end

local function show(...)
  local texts = pack(...)
  for i = 1, texts.n do texts[i] = to_string(texts[i]) end
  return settle(host.log("info", join(texts, "\t", 1, texts.n)))
end

-- Connections.

local Connection = { __name = "connection", __metatable = false }
Connection.__index = {}

local function connected(self, name)
  local object = object_of(self)
  if not object then error("call it with a colon: connection:" .. name .. "(…)", 3) end
  return object
end

function Connection.__index.send(self, message)
  local object = connected(self, "send")
  return settle(host.llp.send(object, plain(message)))
end

function Connection.__index.recv(self)
  local object = connected(self, "recv")
  return settle(host.llp.receive(object))
end

function Connection.__index.close(self)
  local object = connected(self, "close")
  return settle(host.llp.close(object))
end

local function parameter(arguments, name, wanted, is_optional)
  local value = arguments[name]
  if value == nil then
    if not is_optional then error("Parameter '" .. name .. "' is required.", 3) end
  elseif type(value) ~= wanted then
    error("Parameter '" .. name .. "' should be a " .. wanted .. ".", 3)
  end
  return value
end

local llp = {}

function llp.connect(arguments)
  if type(arguments) ~= "table" then error("Parameter 1 is not a table.", 2) end
  if not host.llp then error("connections are for handlers, a transform has none", 2) end
  local name = parameter(arguments, "host", "string")
  local port = parameter(arguments, "port", "number")
  local timeout = parameter(arguments, "timeout", "number", true)
  local live = parameter(arguments, "live", "boolean", true)
  local verify = parameter(arguments, "verify", "string", true)
  port = tostring(tointeger(port) or port)
  local ok, object = host.llp.connect(name, port, timeout and tostring(timeout), live or false, verify)
  if not ok then error(object, 2) end
  return setmetatable({ [key] = object }, Connection)
end

-- What all scripts share.

local base = {
  _VERSION = _VERSION,
  assert = assert, error = error, getmetatable = getmetatable, ipairs = ipairs_of, next = next, pairs = pairs,
  pcall = protected, print = show, rawequal = rawequal, rawget = rawget, rawlen = rawlen, rawset = raw_set,
  select = select, setmetatable = set_metatable, tonumber = tonumber, tostring = to_string, type = type,
  xpcall = protected_with,
  math = shared("math", math),
  string = shared("string", strings),
  table = shared("table", {
    concat = concat, insert = insert, move = move, pack = pack, remove = remove, sort = sort, unpack = unpack_of,
  }),
  utf8 = shared("utf8", utf8),
  hl7 = shared("hl7", { parse = parse }),
  log = shared("log", {
    debug = logging("debug"), info = logging("info"), warn = logging("warn"), error = logging("error"),
  }),
  iguana = shared("iguana", {
    isTest = function() return host.is_test end,
    logDebug = logging("debug"), logError = logging("error"), logInfo = logging("info"),
    logWarning = logging("warn"),
  }),
  util = shared("util", { sleep = raising(host.sleep) }),
  trace = function() end,
  lookup = raising(host.lookup),
  now = host.now,
  fail = raising(host.fail),
}
base.llp = shared("llp", llp)

if host.is_handler then
  base.reject = raising(host.reject)
  function base.emit(message)
    local object = object_of(message)
    return settle(host.emit(object or message))
  end
end

function base.require(name)
  if name == "llp" then return base.llp end
  error("there is no module '" .. tostring(name) .. "': a script is one file", 2)
end

local of_globals = { __index = base, __metatable = false }

return {
  -- The globals of one script, or of one message.
  fresh = function()
    local globals = setmetatable({}, of_globals)
    globals._G = globals
    return globals
  end,
  -- Calls a function of the script: `true` and what it gave, or `false` and what it raised.
  enter = function(f, ...)
    return pcall(f, ...)
  end,
  wrap = wrap,
  object_of = object_of,
}
