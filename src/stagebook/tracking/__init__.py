"""What speaks to MLflow: deliveries, the runs that they make, and questions about these."""
