#include "registry/redis/secret_scripts.hpp"

namespace faas::registry::redis {
namespace {

constexpr const char* load_text = R"lua(
local store = redis.call('HMGET', KEYS[1], 'schema', 'history')
return {store[1] or '', store[2] or '',
        redis.call('HGET', KEYS[2], 'number') or '0',
        redis.call('HGETALL', KEYS[3])}
)lua";

// The first write decides whether a full memory stops it (see scripts.cpp).
constexpr const char* commit_text = R"lua(
local store = redis.call('HMGET', KEYS[1], 'schema', 'history', 'leader')
if not store[2] then return 'EMPTIED' end
if store[1] ~= ARGV[1] then return 'SCHEMA ' .. tostring(store[1]) end
local head = redis.call('HMGET', KEYS[2], 'number', 'nonce')
if head[2] == ARGV[6] then return 'OK' end
if (store[3] or '') ~= ARGV[5] then return 'FENCED ' .. (store[3] or '') end
if store[2] ~= ARGV[2] then return 'HISTORY ' .. store[2] end
if (head[1] or '0') ~= ARGV[3] then return 'REVISION ' .. (head[1] or '0') end
local request = ARGV[7]
if request ~= '' and redis.call('HEXISTS', KEYS[4], request) == 1 then
  return 'REPEATED'
end
if ARGV[4] ~= ARGV[3] then
  if ARGV[11] ~= '' then
    redis.call('HSET', KEYS[3], ARGV[10], ARGV[11])
  else
    redis.call('HDEL', KEYS[3], ARGV[10])
  end
end
redis.call('HSET', KEYS[2], 'number', ARGV[4], 'nonce', ARGV[6])
if request ~= '' then
  redis.call('HSET', KEYS[4], request, ARGV[8])
  redis.call('RPUSH', KEYS[5], request)
  local surplus = redis.call('LLEN', KEYS[5]) - tonumber(ARGV[9])
  for _ = 1, surplus do
    redis.call('HDEL', KEYS[4], redis.call('LPOP', KEYS[5]))
  end
end
return 'OK'
)lua";

} // namespace

const script& load_secrets_script() {
  static const script made{load_text};
  return made;
}
const script& commit_secret_script() {
  static const script made{commit_text};
  return made;
}

} // namespace faas::registry::redis
