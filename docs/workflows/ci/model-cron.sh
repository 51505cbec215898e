#!/usr/bin/env bash
# All steps on one machine, for cron:
#
#   MAILTO=team@example.org
#   PATH=/srv/late_arrival/.venv/bin:/usr/bin:/bin
#   17 5 * * *  cd /srv/late_arrival && ci/model-cron.sh
#
# The clone is for this alone: what is not committed there is thrown away. It prints something only
# if the state or the decision changed, so cron sends one mail for each change; all else is in
# .stagebook/model.log.
#
# Ends with 0; with 11 if a person should look; with 12 or 15 if a merged model was not promoted;
# with 75 if the run before goes on; otherwise with the code of the command that failed.
set -euo pipefail
cd "$(git rev-parse --show-toplevel)"

KEPT=.stagebook # what is remembered from run to run; not in git

# One function, which bash reads to its end before git may replace this file.
main() {
  mkdir -p "$KEPT"
  exec 9> "$KEPT/model.lock"
  flock --nonblock 9 || exit 75
  exec 3>&1 >> "$KEPT/model.log" 2>&1
  trap 'failed $?' EXIT
  echo "== $(date -u +%FT%TZ)"
  git fetch --quiet --prune origin
  git switch --quiet --discard-changes --detach "origin/${MAIN:-main}"
  local code=0
  promote_merged || code=$?
  ci/model.sh watch
  act || code=$?
  report
  exit "$code"
}

# shellcheck disable=SC2329 # the trap calls it
failed() {
  case "$1" in 0 | 11) ;; *) tail -n 20 "$KEPT/model.log" >&3 ;; esac
}

# A retraining that was merged since the last run is promoted once. Of what a new clone has, nobody
# knows what came of it: it may have been promoted, and rolled back for a reason.
promote_merged() {
  local merged code=0
  merged="$(git rev-parse --quiet --verify HEAD:monitoring/challenger.json || echo none)"
  if [ ! -e "$KEPT/model.merged" ]; then echo "$merged" > "$KEPT/model.merged"; fi
  case "$merged" in none | "$(remembered merged)") return 0 ;; esac
  ci/model.sh promote || code=$?
  # 12 and 15 are answers: asking again tomorrow would not change them
  case "$code" in 0 | 12 | 15) echo "$merged" > "$KEPT/model.merged" ;; esac
  return "$code"
}

act() {
  local branch
  case "$(decided action)" in
    keep) ;;
    retrain)
      if [ -z "$(ci/model.sh waiting)" ]; then
        ci/model.sh retrain || return # bash goes on after a failure in what `||` follows
        branch="$(git branch --show-current)"
        # shellcheck source-path=SCRIPTDIR/.. source=ci/model.conf
        source ci/model.conf
        propose "$branch" || return
      fi
      return 11
      ;;
    'roll back') ci/model.sh roll-back ;;
    *) return 11 ;;
  esac
}

report() {
  local title
  title="$(decided title)"
  if [ "$title" = "$(remembered title)" ]; then return 0; fi
  { echo "$title" && echo && cat report/decision.md; } >&3
  echo "$title" > "$KEPT/model.title"
}

decided() {
  ci/model.sh decided | sed -n "s/^$1=//p"
}

remembered() {
  cat "$KEPT/model.$1" 2> /dev/null || true
}

main "$@"
