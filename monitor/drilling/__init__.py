"""`didban drill`: an exercise, followed from the vantage to whoever is told, hop by hop."""
