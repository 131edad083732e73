"""集中培训: classes people attended, entered by HR from the papers of the class."""
