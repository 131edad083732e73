"""Rules that need neither database nor HTTP nor clock: parsing, drawing, grading, crediting."""
