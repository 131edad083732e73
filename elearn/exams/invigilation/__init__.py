"""Invigilation (监考): the live board, page leaves, messages, room locks."""
