# What the step has said, or nothing where it is not done within some seconds.
step=$state/steps/$turn
turns=0
while [ ! -e "$step/result" ] && [ "$turns" -lt 60 ]; do
  turns=$((turns + 1))
  sleep 0.05
done
[ ! -e "$step/result" ] || printf 'result =%s\n' "$(base64 -w0 <"$step/result")"
