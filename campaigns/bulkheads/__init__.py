"""Two banks, one hanging: `python -m campaigns.bulkheads [--seconds T]`. What the other's payments feel of it.

Visa cards go to bank A, which lets every authorisation hang until it is given up; Mastercards go to bank B, which
answers at once. The table says how long B's payments take from the order to the money, alone, and beside A with the
bounds per bank and without them. Both banks are terminals of the mock bank.
"""
