#include "registry/redis/scripts.hpp"

namespace faas::registry::redis {
namespace {

// The first write of a script decides whether a full memory stops it; later
// ones are never stopped half-way. Hence a removal begins with a write that
// frees memory, and works when memory is full.
constexpr const char* create_text = R"lua(
local head = redis.call('HMGET', KEYS[1], 'schema', 'history', 'number')
if head[2] then return head end
if redis.call('EXISTS', KEYS[2]) == 1 then
  return redis.error_reply('PETREL functions without a revision')
end
redis.call('HSET', KEYS[1], 'schema', ARGV[1], 'history', ARGV[2], 'number', '0')
return {ARGV[1], ARGV[2], '0'}
)lua";

constexpr const char* commit_text = R"lua(
local head = redis.call('HMGET', KEYS[1],
                        'schema', 'history', 'number', 'leader', 'nonce')
if not head[2] then return 'EMPTIED' end
if head[1] ~= ARGV[1] then return 'SCHEMA ' .. tostring(head[1]) end
if head[5] == ARGV[6] then
  redis.call('HSET', KEYS[1], 'nonce', ARGV[6])
  return 'OK'
end
if (head[4] or '') ~= ARGV[5] then return 'FENCED ' .. (head[4] or '') end
if head[2] ~= ARGV[2] then return 'HISTORY ' .. head[2] end
if head[3] ~= ARGV[3] then return 'REVISION ' .. head[3] end
local seen = {}
for i = 9, #ARGV, 5 do
  local request = ARGV[i + 1]
  if request ~= '' then
    if seen[request] or redis.call('HEXISTS', KEYS[5], request) == 1 then
      return 'REPEATED'
    end
    seen[request] = true
  end
end
local function retire(name, number)
  local record = redis.call('HGET', KEYS[2], name)
  redis.call('HDEL', KEYS[2], name)
  if not record then return end
  local last = string.format('%.0f', cjson.decode(record).last)
  redis.call('HSET', KEYS[3], name, last .. ' ' .. number)
  redis.call('ZADD', KEYS[4], number, name)
  local surplus = redis.call('ZCARD', KEYS[4]) - tonumber(ARGV[8])
  if surplus > 0 then
    for _, gone in ipairs(redis.call('ZRANGE', KEYS[4], 0, surplus - 1)) do
      redis.call('HDEL', KEYS[3], gone)
      redis.call('ZREM', KEYS[4], gone)
    end
  end
end
for i = 9, #ARGV, 5 do
  local name, record = ARGV[i + 3], ARGV[i + 4]
  if name ~= '' and record ~= '' then
    redis.call('HSET', KEYS[2], name, record)
    redis.call('HDEL', KEYS[3], name)
    redis.call('ZREM', KEYS[4], name)
  elseif name ~= '' then
    retire(name, ARGV[i])
  end
end
redis.call('HSET', KEYS[1], 'number', ARGV[4], 'nonce', ARGV[6])
for i = 9, #ARGV, 5 do
  local request = ARGV[i + 1]
  if request ~= '' then
    redis.call('HSET', KEYS[5], request, ARGV[i + 2])
    redis.call('RPUSH', KEYS[6], request)
  end
end
local surplus = redis.call('LLEN', KEYS[6]) - tonumber(ARGV[7])
for _ = 1, surplus do
  redis.call('HDEL', KEYS[5], redis.call('LPOP', KEYS[6]))
end
return 'OK'
)lua";

constexpr const char* rebase_text = R"lua(
local head = redis.call('HMGET', KEYS[1],
                        'schema', 'history', 'number', 'leader')
if not head[2] then return 'EMPTIED' end
if head[1] ~= ARGV[1] then return 'SCHEMA ' .. tostring(head[1]) end
if (head[4] or '') ~= ARGV[4] then return 'FENCED ' .. (head[4] or '') end
if head[2] ~= ARGV[2] then return 'HISTORY ' .. head[2] end
if head[3] ~= ARGV[3] then return 'REVISION ' .. head[3] end
redis.call('HSET', KEYS[1], 'history', ARGV[5])
return 'OK'
)lua";

constexpr const char* acquire_text = R"lua(
local held = redis.call('GET', KEYS[1])
if held then
  local holder = string.match(held, '^%d+ (.*)$')
  if holder ~= ARGV[1] then
    return {'HELD', holder or held, tostring(redis.call('PTTL', KEYS[1]))}
  end
end
-- First, so that a full memory stops nobody from leading: functions can still be
-- removed.
redis.call('DEL', KEYS[1])
-- Also above every token given before this store lost data: nodes remember
-- the highest term that they have seen.
local last = tonumber(redis.call('HGET', KEYS[2], 'token') or '0')
local now = redis.call('TIME')
local us = now[1] * 1000000 + now[2]
local token = string.format('%.0f', math.max(last + 1, us))
local leader = token .. ' ' .. ARGV[1]
redis.call('HSET', KEYS[2], 'token', token, 'leader', leader)
redis.call('SET', KEYS[1], leader, 'PX', ARGV[2])
return {'OK', token}
)lua";

constexpr const char* renew_text = R"lua(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
)lua";

constexpr const char* release_text = R"lua(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return 1
)lua";

constexpr const char* trust_text = R"lua(
local found = redis.call('HMGET', KEYS[1], 'version', 'nonce')
if found[2] == ARGV[5] then
  redis.call('HSET', KEYS[1], 'nonce', ARGV[5])
  return 'OK'
end
if ARGV[6] ~= '' and redis.call('HGET', KEYS[2], 'leader') ~= ARGV[6] then
  return 'FENCED'
end
if not found[1] and ARGV[1] ~= '' then return 'GONE' end
if (found[1] or '') ~= ARGV[1] then return 'MOVED' end
redis.call('HDEL', KEYS[1], 'nonce') -- also when memory is full: to revoke
redis.call('HSET', KEYS[1], 'version', ARGV[2], 'ledger', ARGV[3],
           'authority', ARGV[4], 'nonce', ARGV[5])
return 'OK'
)lua";

} // namespace

// Constants, made at first use: thread safe, never changed.
const script& create_script() {
  static const script made{create_text};
  return made;
}
const script& commit_script() {
  static const script made{commit_text};
  return made;
}
const script& rebase_script() {
  static const script made{rebase_text};
  return made;
}
const script& acquire_script() {
  static const script made{acquire_text};
  return made;
}
const script& renew_script() {
  static const script made{renew_text};
  return made;
}
const script& release_script() {
  static const script made{release_text};
  return made;
}

const script& trust_script() {
  static const script made{trust_text};
  return made;
}

} // namespace faas::registry::redis
