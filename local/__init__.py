"""A local replacement for AWS that runs what `sam build` made, by the same template. Never deployed."""
