#!/usr/bin/env bash
# serve.sh - set up what is missing, start a language model and Reconteur, stop both on Ctrl-C.
#
# Hardware:      2 CPU cores, 6 GB of memory, 5 GB of disk; an NVIDIA GPU with 7 GB free or more is used if there is one.
# Time to start: two to six minutes the first time (packages, model, indexes), under a minute after that.
#
#   ./serve.sh                                            vLLM on a GPU, else the small model on the processor
#   ./serve.sh --llm embedded --model ~/models/any.gguf   your own GGUF file, on the processor
#   ./serve.sh --llm-url http://10.0.0.5:8000/v1 --model qwen3 --host 0.0.0.0 --port 8080   (needs a key)
#
# Options:
#   --llm auto|vllm|embedded|none  the language-model server to start (default: auto); none: answers from templates
#   --llm-url URL                  use this OpenAI-compatible endpoint (ends in /v1) and start no server
#   --model NAME                   embedded: 1.5b (default), 0.5b, a GGUF file, a Hugging Face repo id;
#                                  vllm: a repo id or a folder; with --llm-url: the model's name there
#   --host HOST                    address of the page and the API (default: 127.0.0.1)
#   --open-to-everyone             serve other machines although there is no API key (else: reconteur keys add)
#   --port PORT                    port of the page and the API (default: 7860)
#   --data DIR                     data folder (default: .reconteur/demo in this checkout)
#   --setup                        only set up
#   --dev                          set up what the tests need, too (test packages, Chromium, PostgreSQL)
#   --help                         show this text
#
# Environment: RECONTEUR_* as in docs/serving.md (RECONTEUR_LLM__API_KEY for --llm-url); CUDA_VISIBLE_DEVICES.

set -euo pipefail
CALLER=$PWD # paths are meant from where the command was typed
cd "$(dirname "${BASH_SOURCE[0]}")"

# no library calls home, whichever process loads it
export GRADIO_ANALYTICS_ENABLED=False ANONYMIZED_TELEMETRY=False HF_HUB_DISABLE_TELEMETRY=1 DO_NOT_TRACK=1
export VLLM_NO_USAGE_STATS=1 LANGSMITH_TRACING=false LANGCHAIN_TRACING_V2=false

LLM=auto LLM_URL="" MODEL="" HOST=127.0.0.1 PORT=7860 DATA="" SETUP_ONLY="" DEV="" OPEN=""
PY=.venv/bin/python
APP_PID="" LLM_PID=""
VLLM_TIMEOUT_S=3600 # it may download tens of gigabytes
EMBEDDED_TIMEOUT_S=300

say() { printf '==> %s\n' "$*" >&2; }
die() {
  printf 'serve.sh: %s\n' "$*" >&2
  exit 1
}

usage() { sed -n '2,/^$/{/^$/d;s/^# \{0,1\}//;p}' serve.sh; }

need() { [ $# -ge 2 ] || die "expected a value after $1, found none. See ./serve.sh --help"; }
from_caller() { case $1 in /*) printf '%s\n' "$1" ;; *) printf '%s\n' "$CALLER/$1" ;; esac; }

parse() {
  while [ $# -gt 0 ]; do
    case $1 in
      --llm) need "$@" && LLM=$2 && shift 2 ;;
      --llm-url) need "$@" && LLM_URL=$2 && shift 2 ;;
      --model) need "$@" && MODEL=$2 && shift 2 ;;
      --host) need "$@" && HOST=$2 && shift 2 ;;
      --open-to-everyone) OPEN=1 && shift ;;
      --port) need "$@" && PORT=$2 && shift 2 ;;
      --data) need "$@" && DATA=$(from_caller "$2") && shift 2 ;;
      --setup) SETUP_ONLY=1 && shift ;;
      --dev) DEV=1 && shift ;;
      -h | --help) usage && exit 0 ;;
      *) die "expected an option, found '$1'. See ./serve.sh --help" ;;
    esac
  done
  case $LLM in auto | vllm | embedded | none) ;; *) die "expected --llm auto, vllm, embedded or none, found '$LLM'" ;; esac
  [[ $PORT =~ ^[0-9]{1,5}$ ]] && [ "$PORT" -le 65535 ] || die "expected a port from 0 to 65535, found '$PORT'"
  if [ -z "$LLM_URL" ] && [ "$LLM" = auto ]; then LLM_URL=${RECONTEUR_LLM__URL:-}; fi
  [ -z "$LLM_URL" ] || [ "$LLM" = auto ] || die "expected --llm-url or --llm $LLM, found both. Leave one out"
  [ -z "$LLM_URL" ] || [[ $LLM_URL =~ ^https?:// ]] || die "expected --llm-url http://.../v1, found '$LLM_URL'"
  if [ -e "$(from_caller "$MODEL")" ] && [ -n "$MODEL" ]; then MODEL=$(from_caller "$MODEL"); fi
  DATA=${DATA:-${RECONTEUR_RETRIEVAL__DATA_DIR:-.reconteur/demo}}
}

# ---- setting up ----------------------------------------------------------------------------------------------------

require_free_port() {
  local address=$HOST
  case $HOST in 0.0.0.0 | ::) address=127.0.0.1 ;; esac
  if [ "$PORT" != 0 ] && (exec 3<>"/dev/tcp/$address/$PORT") 2>/dev/null; then
    die "port $PORT of $HOST is in use by another program. Stop that program, or choose another port with --port"
  fi
}

find_python() {
  local name
  for name in python3.11 python3 python3.12 python3.13; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      printf '%s\n' "$name"
      return
    fi
  done
  die "expected Python 3.11 or newer as python3.11 or python3, found none. Install it, then run again"
}

make_venv() { # folder
  [ -x "$1/bin/python" ] && "$1/bin/python" -m pip --version >/dev/null 2>&1 && return
  local python
  python=$(find_python)
  rm -rf "$1"
  "$python" -m venv "$1" || die "expected '$python -m venv' to work. On Debian: apt-get install python3-venv"
}

pip_install() { "$1/bin/python" -m pip install --disable-pip-version-check --no-input "${@:2}"; }

setup_packages() {
  local extras=ui,embedded wanted
  case ${RECONTEUR_RETRIEVAL__STATE_URL:-}${RECONTEUR_CHECKPOINT_URL:-} in *postgres*) extras=$extras,postgres ;; esac
  [ -z "$DEV" ] || extras=dev
  wanted=$(cat pyproject.toml .ci/constraints.txt | cksum)
  if [ -x $PY ] && grep -qsxF -e "$wanted $extras" -e "$wanted $extras,postgres" -e "$wanted dev" .venv/.reconteur-setup; then return; fi
  say "installing packages into .venv (about three minutes)"
  make_venv .venv
  # torch first and alone: pip then takes the processor build; the whole list at once brings gigabytes of CUDA
  pip_install .venv torch==2.13.0 || die "pip could not install torch; its message is above"
  pip_install .venv -c .ci/constraints.txt -e ".[$extras]" || die "pip could not install the packages; its message is above"
  printf '%s %s\n' "$wanted" "$extras" >.venv/.reconteur-setup
}

setup_vllm() {
  local wanted="vllm>=0.31"
  if [ -x .venv-vllm/bin/vllm ] && grep -qsxF "$wanted" .venv-vllm/.reconteur-setup; then return; fi
  say "installing vLLM into .venv-vllm (several gigabytes)"
  make_venv .venv-vllm
  pip_install .venv-vllm "$wanted" || die "pip could not install vLLM; its message is above. Or use --llm embedded"
  printf '%s\n' "$wanted" >.venv-vllm/.reconteur-setup
}

setup_test_programs() {
  local missing=()
  command -v chromium >/dev/null || missing+=(chromium)
  command -v psql >/dev/null || missing+=(postgresql)
  [ ${#missing[@]} -gt 0 ] || return 0
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    say "installing ${missing[*]} with apt-get"
    apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}" ||
      say "apt-get failed; the tests that need ${missing[*]} will be skipped"
  else
    say "not found: ${missing[*]}; the tests that need them will be skipped (needs apt-get as root)"
  fi
}

setup_model() {
  case $BACKEND in
    vllm) setup_vllm ;;
    embedded) GGUF=$($PY -m agent.serving model --model "$MODEL") || exit 1 ;;
  esac
}

setup() {
  setup_packages
  [ -z "$DEV" ] || setup_test_programs
  BACKEND=none GGUF=""
  if [ -z "$LLM_URL" ]; then
    BACKEND=$($PY -m agent.serving choose --llm "$LLM" --model "$MODEL" --gpus "${CUDA_VISIBLE_DEVICES:-}") || exit 1
    setup_model
  fi
  say "checking the data and the indexes in $DATA"
  $PY -m ui build --data "$DATA" >&2 </dev/null || exit 1
}

# ---- serving -------------------------------------------------------------------------------------------------------

start() { # name of the variable for the process id, then the command; in a process group of its own, so that it can
  # be stopped with all its children and Ctrl-C reaches this script first
  set -m
  "${@:2}" </dev/null &
  set +m
  printf -v "$1" '%s' $!
}

start_llm() { # backend
  local port timeout=$EMBEDDED_TIMEOUT_S log=$DATA/logs/llm.log
  port=$($PY -m agent.serving free-port)
  mkdir -p "$DATA/logs"
  if [ "$1" = vllm ]; then
    timeout=$VLLM_TIMEOUT_S
    say "starting vLLM (log: $log)"
    start LLM_PID $PY -m agent.serving vllm --python .venv-vllm/bin/python --port "$port" --model "$MODEL" \
      --gpus "${CUDA_VISIBLE_DEVICES:-}" >"$log" 2>&1
  else
    say "starting the embedded language model (log: $log)"
    export RECONTEUR_LLM__CALLS_AT_ONCE=${RECONTEUR_LLM__CALLS_AT_ONCE:-1}
    start LLM_PID $PY -m agent.serving embedded --model "$GGUF" --port "$port" >"$log" 2>&1
  fi
  LLM_URL=http://127.0.0.1:$port/v1
  if ! $PY -m agent.serving wait --url "$LLM_URL" --pid "$LLM_PID" --timeout "$timeout"; then
    tail -n 15 "$log" >&2
    return 1
  fi
}

start_chosen_llm() {
  if start_llm "$BACKEND"; then return; fi
  [ "$BACKEND" = vllm ] && [ "$LLM" = auto ] || die "the language model did not start; its log ends as above"
  say "vLLM did not start; the embedded model is used instead"
  stop_process "$LLM_PID"
  BACKEND=embedded MODEL=""
  setup_model
  start_llm embedded || die "the language model did not start; its log ends as above"
}

stop_process() { # process id; asks, waits ten seconds, then insists
  [ -n "$1" ] || return 0
  kill -TERM -- "-$1" 2>/dev/null || return 0
  for _ in {1..100}; do
    kill -0 -- "-$1" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL -- "-$1" 2>/dev/null || true
}

stop_all() {
  trap '' INT TERM HUP
  trap - EXIT
  stop_process "$APP_PID"
  stop_process "$LLM_PID"
}

serve() {
  trap 'stop_all' EXIT
  trap 'stop_all; exit 0' INT TERM HUP
  local name=$MODEL url=${LLM_URL:-none} code=0
  if [ "$BACKEND" != none ]; then
    start_chosen_llm
    name=local url=$LLM_URL
  fi
  start APP_PID $PY -m ui serve --data "$DATA" --host "$HOST" --port "$PORT" --llm-url "$url" ${name:+--llm-model "$name"} \
    ${OPEN:+--open-to-everyone}
  wait "$APP_PID" || code=$?
  exit "$code"
}

parse "$@"
[ -n "$SETUP_ONLY" ] || require_free_port
setup
if [ -n "$SETUP_ONLY" ]; then
  say "set up"
  exit 0
fi
serve
