# A folder that appears with its owner's name in it, or not at all. Says who has it when that is
# somebody else.
umask 077
private "$state"
mine=$state/.lock.$turn
mkdir -- "$mine" || problem "cannot write in $state"
printf '%s\n' "$owner" >"$mine/owner"
settle "$mine/owner"
if ! mv -T -- "$mine" "$state/lock.d" 2>/dev/null; then
  rm -rf -- "$mine"
  printf 'held =%s\n' "$(base64 -w0 2>/dev/null <"$state/lock.d/owner")"
fi
settle "$state"
