rm -rf -- "$state/steps/$turn"
