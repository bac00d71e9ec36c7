# Carries out $line.
words=$(sh -c "$line" 2>&1 </dev/null) ||
  problem "the command '$line' failed: $(printf '%s' "$words" | tail -n 1)"
