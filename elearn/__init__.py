"""elearn: interactive e-learning and exams for integrity-culture education (廉政文化教育)."""
