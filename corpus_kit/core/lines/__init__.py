"""Lines of many texts as rows of numbers, and the trees that judge them: what page facts and boilerplate share."""
