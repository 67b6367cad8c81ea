"""What the devices were: kept in a file for years, summed up, and given back as charts need it."""
