# Starts $work (base64) so that it outlives this connection; what it says is kept in a file. A
# call that is repeated finds it begun.
umask 077
private "$state/steps"
step=$state/steps/$turn
mkdir -- "$step" 2>/dev/null || exit 0
printf '%s' "$work" | base64 -d >"$step/script" || problem "cannot write in $state"
# What it starts is to make files as usual.
run='umask 022; sh "$1/script" >"$1/out" 2>"$1/err" </dev/null; mv -- "$1/out" "$1/result"'
if command -v setsid >/dev/null; then
  setsid sh -c "$run" doorward "$step" >/dev/null 2>&1 &
else
  nohup sh -c "$run" doorward "$step" >/dev/null 2>&1 &
fi
