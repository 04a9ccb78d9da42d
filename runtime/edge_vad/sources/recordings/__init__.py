"""Files and folders of pictures, one or many, with the times of their frames."""
