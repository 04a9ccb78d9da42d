#!/usr/bin/env bash
# Makes the secrets of compose.yaml, each once. Nobody else may enter their folder; the containers
# see single files of it. Needs openssl and, for the broker's file of accounts, mosquitto_passwd or docker.
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets
for name in page_token metrics_token broker_password grafana_password; do
  [[ -s secrets/$name ]] || openssl rand -hex 24 >"secrets/$name"
done
if [[ ! -s secrets/broker_accounts ]]; then
  accounts=$(mktemp -d)
  if command -v mosquitto_passwd >/dev/null; then
    mosquitto_passwd -c -b "$accounts/accounts" edge-vad "$(<secrets/broker_password)"
  else
    image=$(sed -nE 's/^ *image: (eclipse-mosquitto:.+)$/\1/p' compose.yaml)
    docker run --rm -v "$accounts:/made" -v "$PWD/secrets/broker_password:/password:ro" \
      "$image" sh -c 'mosquitto_passwd -c -b /made/accounts edge-vad "$(cat /password)"'
  fi
  cat "$accounts/accounts" >secrets/broker_accounts
  rm -rf "$accounts"
fi
# Compose mounts the files with their modes, and every container has a user of its own.
chmod 644 secrets/*
echo "secrets/ is there; the password of Grafana's admin is in secrets/grafana_password"
