[ -d "$state/lock.d" ] || exit 0
rm -rf -- "$state/lock.d" || problem "cannot take away $state/lock.d"
settle "$state"
