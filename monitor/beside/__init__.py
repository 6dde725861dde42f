"""What runs beside the daemon: Prometheus and Alertmanager, their files, and the shipped rules made into files."""
