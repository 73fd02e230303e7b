# Each target calls tools/dev.py, which works without make too. One test: make test T=tests/unit/test_x.py
run test bench check fix lock:
	@python3 tools/dev.py $@ $(if $(filter test,$@),$(T))

.PHONY: run test bench check fix lock
