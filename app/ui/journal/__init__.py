"""The parts of the Journal panel."""
