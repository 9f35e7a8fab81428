"""What every version promises, driven by its spec, and what each version means by its own words."""
