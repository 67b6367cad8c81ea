"""The scheduler service: timers, rules, calendars and notifications."""
