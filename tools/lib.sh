# Shared by the scripts in tools/. Source it; it changes into the checkout.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
started_at=$SECONDS

# say TEXT: one line of progress with the time since the start.
say() { printf '[%4ds] %s\n' $((SECONDS - started_at)) "$*" >&2; }

# die TEXT: what is wrong and what to do, in one line.
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# build PRESET [TARGET...]: configures when needed and builds.
build() {
  local preset=$1; shift
  local torch=ON
  [ "${PETREL_NO_TORCH:-0}" = 1 ] && torch=OFF
  say "configuring build/$preset"
  cmake --preset "$preset" -DPETREL_TORCH="$torch" >"build/$preset.log" 2>&1 \
    || { tail -20 "build/$preset.log" >&2
         die "configuring failed, see build/$preset.log; if a package is missing run tools/setup"; }
  say "building build/$preset (the first build takes minutes)"
  local args=()
  for target in "$@"; do args+=(--target "$target"); done
  NINJA_STATUS='[%f/%t %es] ' cmake --build --preset "$preset" "${args[@]}" >&2 \
    || die "the build failed, see the errors above"
}
