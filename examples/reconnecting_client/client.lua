-- Sends every message over one connection that it keeps, and makes a new one when that is gone.

local llp = require 'llp'

local PEER = { host = '127.0.0.1', port = 7013, timeout = 1 }
local TRIES = 3
local PAUSE = 200 -- milliseconds

-- The connection is a global: it lives from one message to the next.

local function connected()
   if not connection then
      connection = llp.connect(PEER)
      iguana.logInfo('connected to ' .. PEER.host .. ':' .. PEER.port)
   end
   return connection
end

local function disconnect()
   if connection then
      pcall(connection.close, connection)
      connection = nil
   end
end

local function ask(Data)
   local peer = connected()
   peer:send(Data)
   local Ack = peer:recv()
   if not Ack then
      error('closed by the peer')
   end
   return hl7.parse(Ack)
end

local function settle(Ack)
   local code = Ack['MSA-1']
   if code == 'AR' then
      reject('the peer refuses it')
   elseif code ~= 'AA' then
      fail('the peer cannot take it now')
   end
end

function main(Data)
   for try = 1, TRIES do
      local Success, Answer = pcall(ask, Data)
      if Success then
         settle(Answer)
         return
      end
      iguana.logInfo('try ' .. try .. ' of ' .. TRIES .. ': ' .. Answer)
      disconnect()
      if not iguana.isTest() then
         util.sleep(PAUSE)
      end
   end
   fail('the peer cannot be reached')
end
