# Downloads wheels that are pinned by hash, for tools/setup-torch and
# tools/setup-cuda; sourced by them. Sets root and deps, and reads the options
# --force and --wheels DIR.
#
# The script sets before: name (of its messages and its folder in .deps), pins
# (its requirements file) and need_mb (disk space). It calls `take_options "$@"`,
# `begin`, `download_all` and `finish`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
deps=$root/.deps
target=$deps/$name
wheels=$deps/wheels-$name
force=no
offline=

say() { printf '[%s] %s\n' "$name" "$*"; }
die() { printf '[%s] %s\n' "$name" "$*" >&2; exit 1; }

take_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --force) force=yes ;;
      --wheels)
        [ $# -ge 2 ] || die "--wheels needs a folder"
        offline=$(cd "$2" && pwd) || die "no such folder: $2"
        shift ;;
      -h|--help) sed -n '/^#!/d;/^#/!q;s/^# \{0,1\}//p' "$0"; exit 0 ;;
      *) die "unknown option $1; see $0 --help" ;;
    esac
    shift
  done
}

# Ends the script when all is there already; else takes the lock.
begin() {
  stamp=$(grep -v '^#' "$root/$pins" | sha256sum | cut -c1-16)
  if [ $force = no ] && [ "$(cat "$target/.complete" 2>/dev/null)" = "$stamp" ]
  then
    say "already in $target"
    exit 0
  fi
  [ "$(uname -s)-$(uname -m)" = Linux-x86_64 ] || die "$other_platform"
  command -v python3 >/dev/null \
    || die "python3 is missing: apt-get install python3"
  mkdir -p "$wheels"
  local free_mb
  free_mb=$(df -Pm "$deps" | awk 'NR==2 {print $4}')
  [ "$free_mb" -ge "$need_mb" ] || die \
    "$deps has $free_mb MB free and $need_mb MB are needed; free some, or build without torch (--no-torch)"
  # One set-up at a time per checkout.
  exec 9>"$deps/.$name.lock"
  flock -w 1800 9 || die "another set-up holds $deps/.$name.lock"
}

# pip: the machine's own, else one in a virtual environment.
pip() {
  if python3 -m pip --version >/dev/null 2>&1; then
    python3 -m pip "$@"
    return
  fi
  if [ ! -x "$root/.venv/bin/pip" ]; then
    python3 -m venv "$root/.venv" >/dev/null 2>&1 || die \
      "pip is missing: apt-get install python3-pip (or python3-venv)"
  fi
  "$root/.venv/bin/pip" "$@"
}

# Prints how much of the download has arrived, every 5 s, until killed.
watch_download() {
  local expected=$1 began=$SECONDS mb
  while sleep 5; do
    mb=$(du -sm "$2" 2>/dev/null | cut -f1)
    say "  ${mb:-0} of about $expected MB, $((SECONDS - began)) s"
  done
}

# download NAME==VERSION SHA256 EXPECTED_MB
download() {
  local pin=$1 hash=$2 expected=$3 file log tmp watcher status=0
  for file in "$wheels"/*.whl ${offline:+"$offline"/*.whl}; do
    [ -f "$file" ] || continue
    case $(basename "$file" | tr '_' '-') in "${pin/==/-}"-*) ;; *) continue ;; esac
    if [ "$(sha256sum "$file" | cut -d' ' -f1)" = "$hash" ]; then
      say "$pin: have $(basename "$file")"
      [ "$file" -ef "$wheels/$(basename "$file")" ] || ln -sf "$file" "$wheels/"
      return
    fi
  done
  say "$pin: downloading about $expected MB"
  tmp=$(mktemp -d "$deps/tmp.XXXXXX")
  log=$tmp/pip.log
  watch_download "$expected" "$tmp" 9>&- & watcher=$!
  printf '%s --hash=sha256:%s\n' "$pin" "$hash" > "$tmp/pin.txt"
  TMPDIR=$tmp pip --disable-pip-version-check --no-cache-dir download \
    --quiet --no-deps --retries 5 --timeout 60 --require-hashes \
    --only-binary=:all: --implementation cp --python-version 3.11 \
    --abi cp311 --abi none --platform manylinux_2_28_x86_64 \
    --platform manylinux_2_25_x86_64 --platform manylinux2014_x86_64 \
    --platform manylinux2010_x86_64 \
    --dest "$wheels" -r "$tmp/pin.txt" >"$log" 2>&1 || status=$?
  kill "$watcher" 2>/dev/null || true
  wait "$watcher" 2>/dev/null || true
  if [ $status -ne 0 ]; then
    tail -n 5 "$log" >&2
    rm -rf "$tmp"
    die "pip could not download $pin; check the network or pip's index settings and run $0 again"
  fi
  rm -rf "$tmp"
}

# download_all [MB-OF-A-WHEEL [NAME=MB ...]]
download_all() {
  local pin hash mb size usual=${1:-12}
  shift
  while read -r pin hash; do
    mb=$usual
    for size in "$@"; do
      [ "${pin%%==*}" = "${size%%=*}" ] && mb=${size#*=}
    done
    download "$pin" "${hash#--hash=sha256:}" "$mb"
  done < <(grep -v '^#' "$root/$pins")
}

# The new folder takes the place of the old one.
finish() {
  printf '%s\n' "$stamp" > "$target.new/.complete"
  rm -rf "$target"
  mv "$target.new" "$target"
  rm -rf "$wheels"
  say "done in $SECONDS s, $(du -sm "$target" | cut -f1) MB"
}
