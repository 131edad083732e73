"""Feature: the question bank and the law registry in the database."""
