"""What is made of hits: files, tables, pictures, sound."""
