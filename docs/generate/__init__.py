"""What is generated from the code: the catalogue of messages, the licences, the list of what is built."""
