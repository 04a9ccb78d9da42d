"""A scene model that NVIDIA Triton scores, on another machine or beside this process."""
