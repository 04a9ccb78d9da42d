"""What the runner times: the runtime's pipeline in the scenarios of MLPerf LoadGen."""
