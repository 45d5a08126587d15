#!/bin/sh
# Runs the function as a node does, without one.
set -eu
cd "$(dirname "$0")"

answer=$(printf 'to be or not to be' | Http_Path=/ ./run.sh 2>/dev/null)
[ "$answer" = "words: 6" ] || { echo "got: $answer" >&2; exit 1; }
echo ok
