"""What stands before every page and API of ours: who may connect, how long they may take, what a browser may do."""
