#!/bin/sh
# The body of the event is standard input; what is printed is the answer.
# Headers and path are in the environment: $Http_Path, $Http_Content_Type.
# Exit status 0 is success. What goes to standard error is in faas-cli logs.
set -eu

words=$(wc -w)
echo "counted $words words at ${Http_Path:-/}" >&2
echo "words: $words"
