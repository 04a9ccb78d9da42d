"""The guided first hour: which commands there are to give, which are done, and a service."""
