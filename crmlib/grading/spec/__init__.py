"""What an exercise asks for, what a class has agreed on, and how an answer is recorded.

It knows no right answer and no notebook, and it runs nothing.
"""
