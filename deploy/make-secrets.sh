#!/bin/sh
# Makes the secrets of docker-compose.yml, each in a file of secrets/; what is there stays as it is.
set -eu
cd "$(dirname "$0")/.."
mkdir -p -m 700 secrets
cd secrets
# The containers' users read them; the folder keeps everybody else out.
umask 022

# name command...
make() {
  name=$1
  shift
  [ -e "$name" ] && return
  "$@" > "$name.new"
  mv "$name.new" "$name"
}
database_url() {
  printf 'postgresql://agent_host:%s@postgres:5432/agent_host\n' "$(cat postgres_password)"
}

make postgres_password openssl rand -hex 24
make database_url database_url
make signing_key openssl genpkey -algorithm ed25519
make gateway_secret_key openssl rand -base64 32
make grafana_password openssl rand -hex 12
