"""v1's own words: what its operations say to the platform and to the caller, each oddity among them."""
