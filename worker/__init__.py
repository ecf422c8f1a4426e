"""Visit Sync keeps FieldCamp visits, calendars and books in agreement."""
