"""Programs that stand in for operators which exist only inside OpenShift, run as pods of the rehearsal."""
