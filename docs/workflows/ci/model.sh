#!/usr/bin/env bash
# The steps that keep a deployed model good: the same on GitHub, on GitLab and from cron.
#
#   ci/model.sh watch        get the newest log and labels, judge the model, decide
#   ci/model.sh decided      print the decision as lines NAME=VALUE: action, title, quiet
#   ci/model.sh retrain      a branch with new data, a new model and its comparison, not pushed
#   ci/model.sh waiting      print the branch of a retraining that waits for a person, if any
#   ci/model.sh promote      let the alias point to the model of a merged branch
#   ci/model.sh roll-back    let the alias point to the model before
#
# What differs between projects is in ci/model.conf.

set -euo pipefail
cd "$(git rev-parse --show-toplevel)"
# shellcheck source-path=SCRIPTDIR/.. source=ci/model.conf
source ci/model.conf

EVIDENCE=monitoring # what the decision is made from; a retraining commits it
REPORT=report       # what one step leaves to the next ones and to people; not in git

# Print a value of a JSON file; further names go deeper.
value() {
  python -c '
import json, sys
value = json.load(open(sys.argv[1], encoding="utf-8"))
for name in sys.argv[2:]:
    value = value[name]
print(value)' "$@"
}

# Run a command for which one exit code besides 0 is an answer, and no failure.
answers() {
  local code="$1" ended=0
  shift
  "$@" || ended=$?
  [ "$ended" -eq 0 ] || [ "$ended" -eq "$code" ]
}

watch() {
  fetch
  mkdir -p "$EVIDENCE" "$REPORT"
  rm -rf "${EVIDENCE:?}"/* "${REPORT:?}"/*
  # 11: a person should look
  answers 11 stagebook monitor --json --html "$REPORT/monitor.html" > "$EVIDENCE/status.json"
  compare_before
  dvc repro --pull "$DECIDE"
  stagebook decision "$DECISION" --markdown > "$REPORT/decision.md"
  cp "$DECISION" "$REPORT/decision.json"
  cp -R "$EVIDENCE" "$REPORT/evidence"
}

# The model before on the same requests, if there is one; without it, nobody can roll back.
compare_before() {
  local dry="$REPORT/rollback.json" version
  # 3: no version before is known
  answers 3 stagebook model rollback "$MODEL" --dry-run --json > "$dry"
  version="$(value "$dry" version 2> /dev/null)" || return 0
  # 3: too few requests have labels; 15: it may not replace the present one
  stagebook model compare "models:/$MODEL@champion" "models:/$MODEL/$version" \
    --log "$LOG" --labels "$LABELS" --save "$EVIDENCE/previous.json" > "$REPORT/previous.txt" \
    || case $? in 3 | 15) ;; *) return 1 ;; esac
}

decided() {
  local action state quiet=false
  action="$(value "$REPORT/decision.json" action)"
  state="$(value "$REPORT/decision.json" state)"
  if [ "$action" = keep ] && [ "$state" = ok ]; then quiet=true; fi
  printf 'action=%s\ntitle=%s: %s, %s\nquiet=%s\n' \
    "$action" "$MODEL" "$state" "$action" "$quiet"
}

waiting() {
  git for-each-ref --count=1 --format='%(refname:lstrip=3)' 'refs/remotes/origin/retrain/'
}

retrain() {
  local base branch challenger
  base="$(git rev-parse --short HEAD)"
  branch="retrain/$(date -u +%F)"
  git switch --quiet --force-create "$branch"
  rm -rf "${EVIDENCE:?}"
  cp -R "$REPORT/evidence" "$EVIDENCE"
  renew
  # before the build, so that the attestation of the package names a commit that has it all
  commit "New data for $MODEL"
  dvc repro --pull
  commit "$MODEL learns from new data"
  challenger="models:/$MODEL/$(register)"
  # 15: it may not replace the present one
  answers 15 stagebook model compare "models:/$MODEL@champion" "$challenger" --data "$TEST" \
    --save "$EVIDENCE/challenger.json" > "$REPORT/comparison.txt"
  commit "$MODEL is compared with the champion"
  dvc repro "$DECIDE"
  commit "The decision about $MODEL knows the challenger"
  dvc push
  describe "$base" > "$REPORT/pull-request.md"
  git bundle create --quiet "$REPORT/branch.bundle" "$base..$branch"
}

commit() {
  git add --update
  git add "$EVIDENCE"
  git check-ignore --quiet "$DECISION" || git add "$DECISION"
  git diff --cached --quiet || git commit --quiet --message "$1"
}

# Print the version of the new package; a known package is the version that it was.
register() {
  stagebook model register "models/$MODEL" --alias challenger --json > "$REPORT/registered.json"
  value "$REPORT/registered.json" version
}

# What a person reads before the merge: the decision, the comparison, the build.
describe() {
  stagebook decision "$DECISION" --markdown
  printf '\n## Challenger and champion\n\n```text\n'
  cat "$REPORT/comparison.txt"
  printf '```\n\n## The build\n\n'
  stagebook report --markdown --against "$1"
}

promote() {
  if [ ! -f "$EVIDENCE/challenger.json" ]; then
    echo "No challenger was merged."
    return
  fi
  local challenger
  challenger="$(value "$EVIDENCE/challenger.json" challenger source)"
  dvc pull "$TEST"
  stagebook model promote "$challenger" --to champion --data "$TEST" \
    --reason "merged as $(git rev-parse --short HEAD)"
}

roll_back() {
  stagebook model rollback "$MODEL" --reason "$(value "$REPORT/decision.json" reason)"
}

case "${1:-}" in
  watch | decided | retrain | waiting | promote) "$1" ;;
  roll-back) roll_back ;;
  *)
    sed -n '2,/^$/s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
