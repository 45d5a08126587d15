#include "registry/redis/import_scripts.hpp"

namespace faas::registry::redis {
namespace {

// The first write decides whether a full memory stops it (see scripts.cpp).
constexpr const char* replace_text = R"lua(
local head = redis.call('HMGET', KEYS[1],
                        'schema', 'history', 'leader', 'nonce')
if not head[2] then return 'EMPTIED' end
if head[1] ~= ARGV[1] then return 'SCHEMA ' .. tostring(head[1]) end
if head[4] == ARGV[4] then return 'OK' end
if (head[3] or '') ~= ARGV[3] then return 'FENCED ' .. (head[3] or '') end
if head[2] ~= ARGV[2] then return 'HISTORY ' .. head[2] end
if redis.call('HLEN', KEYS[7]) ~= tonumber(ARGV[9])
   or redis.call('HLEN', KEYS[8]) ~= tonumber(ARGV[10]) then
  return 'GONE'
end
redis.call('HSET', KEYS[1], 'history', ARGV[5], 'number', ARGV[6],
           'nonce', ARGV[4])
for i = 2, 6 do redis.call('DEL', KEYS[i]) end
for i = 7, 9 do
  if redis.call('EXISTS', KEYS[i]) == 1 then
    redis.call('RENAME', KEYS[i], KEYS[i - 5])
    redis.call('PERSIST', KEYS[i - 5])
  end
end
if ARGV[7] ~= '' then
  redis.call('HSET', KEYS[5], ARGV[7], ARGV[8])
  redis.call('RPUSH', KEYS[6], ARGV[7])
end
return 'OK'
)lua";

constexpr const char* stage_text = R"lua(
local store = redis.call('HMGET', KEYS[1], 'schema', 'history', 'leader')
if not store[2] then return 'EMPTIED' end
if store[1] ~= ARGV[1] then return 'SCHEMA ' .. tostring(store[1]) end
if (store[3] or '') ~= ARGV[2] then return 'FENCED ' .. (store[3] or '') end
if ARGV[5] == '1' then
  redis.call('HSET', KEYS[2], 'staged', ARGV[3], 'staged-number', ARGV[4])
  redis.call('DEL', KEYS[3])
elseif redis.call('HGET', KEYS[2], 'staged') ~= ARGV[3] then
  return 'HISTORY another import'
end
for i = 6, #ARGV, 2 do redis.call('HSET', KEYS[3], ARGV[i], ARGV[i + 1]) end
return 'OK'
)lua";

constexpr const char* settle_text = R"lua(
local staged = redis.call('HMGET', KEYS[2], 'staged', 'staged-number')
if not staged[1] then return 'OK' end
local store = redis.call('HMGET', KEYS[1], 'schema', 'history', 'leader')
if not store[2] then return 'EMPTIED' end
if store[1] ~= ARGV[1] then return 'SCHEMA ' .. tostring(store[1]) end
if (store[3] or '') ~= ARGV[2] then return 'FENCED ' .. (store[3] or '') end
if store[2] ~= ARGV[3] then return 'HISTORY ' .. store[2] end
redis.call('HDEL', KEYS[2], 'staged', 'staged-number')
if staged[1] == store[2] then
  redis.call('HSET', KEYS[2], 'number', staged[2], 'nonce', '')
  for i = 4, 6 do redis.call('DEL', KEYS[i]) end
  if redis.call('EXISTS', KEYS[3]) == 1 then
    redis.call('RENAME', KEYS[3], KEYS[4])
  end
end
redis.call('DEL', KEYS[3])
return 'OK'
)lua";

} // namespace

const script& replace_script() {
  static const script made{replace_text};
  return made;
}
const script& stage_secrets_script() {
  static const script made{stage_text};
  return made;
}
const script& settle_secrets_script() {
  static const script made{settle_text};
  return made;
}

} // namespace faas::registry::redis
