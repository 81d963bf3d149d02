"""What every page is made of: the URL, the frame's two rows, panels, tables and charts."""
