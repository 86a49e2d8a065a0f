// soak keeps a torc server busy for a long time, as many small workers do, and prints once a minute: jobs done, the
// server's memory, and its response times. Needs a server that announces wait, start and heartbeats.
//
//	go run bench/soak.go -url http://127.0.0.1:8080/torc-service/v1 -pid $(pidof torc) -time 30m
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"net/http"
	"os"
	"sort"
	"strings"
	"sync"
	"time"
)

type object = map[string]any

type soak struct {
	base     string
	client   *http.Client
	workflow int64
	run      int64

	mutex     sync.Mutex
	latencies []time.Duration // of completions, since the last report
	done      int
	failures  int
}

// call sends a request and decodes the answer, whose status must be 200.
func (s *soak) call(method, path string, body, answer any) (time.Duration, error) {
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return 0, err
		}
		reader = bytes.NewReader(text)
	}
	request, err := http.NewRequest(method, s.base+path, reader)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	start := time.Now()
	response, err := s.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	took := time.Since(start)
	if err != nil {
		return took, err
	}
	if response.StatusCode != 200 {
		return took, fmt.Errorf("%s %s: %d %s", method, path, response.StatusCode, text)
	}
	if answer == nil {
		return took, nil
	}
	return took, json.Unmarshal(text, answer)
}

func (s *soak) must(method, path string, body, answer any) {
	if _, err := s.call(method, path, body, answer); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (s *soak) prepare() {
	var workflow, status struct {
		ID    int64 `json:"id"`
		RunID int64 `json:"run_id"`
	}
	s.must("POST", "/workflows", object{"name": "soak", "user": "soak"}, &workflow)
	s.workflow = workflow.ID
	s.addJobs(2000)
	s.must("POST", fmt.Sprintf("/workflows/%d/initialize_jobs", s.workflow), nil, nil)
	s.must("GET", fmt.Sprintf("/workflows/%d/status", s.workflow), nil, &status)
	s.run = status.RunID
}

func (s *soak) addJobs(count int) {
	jobs := make([]object, count)
	for i := range jobs {
		jobs[i] = object{"workflow_id": s.workflow, "name": "job", "command": "sleep"}
	}
	s.must("POST", "/bulk_jobs", object{"jobs": jobs}, nil)
}

// feed keeps jobs ready: it adds jobs and initialises only the new ones.
func (s *soak) feed(end time.Time) {
	for time.Now().Before(end) {
		var page struct {
			Total int `json:"total_count"`
		}
		s.must("GET", fmt.Sprintf("/jobs?workflow_id=%d&status=ready&limit=1", s.workflow), nil, &page)
		if page.Total < 1000 {
			s.addJobs(1000)
			s.must("POST", fmt.Sprintf("/workflows/%d/initialize_jobs?only_uninitialized=true", s.workflow), nil, nil)
		}
		time.Sleep(time.Second)
	}
}

// work is one worker: it claims a job, which the claim also starts, waits 0 to 5 s, and completes it.
func (s *soak) work(number int, end time.Time) {
	var node struct {
		ID int64 `json:"id"`
	}
	s.must("POST", "/compute_nodes", object{"workflow_id": s.workflow, "hostname": fmt.Sprintf("h%d", number), "pid": number,
		"num_cpus": 1, "memory_gb": 1.0, "num_gpus": 0, "num_nodes": 1, "compute_node_type": "local",
		"start_time": time.Now().UTC().Format(time.RFC3339Nano), "is_active": true}, &node)
	claim := fmt.Sprintf("/workflows/%d/claim_next_jobs?limit=1&wait=20&start=true&run_id=%d&compute_node_id=%d", s.workflow, s.run, node.ID)
	for time.Now().Before(end) {
		var claimed struct {
			Jobs []struct {
				ID      int64 `json:"id"`
				Attempt int64 `json:"attempt_id"`
			} `json:"jobs"`
		}
		if _, err := s.call("POST", claim, nil, &claimed); err != nil {
			s.note(0, err)
			time.Sleep(time.Second)
			continue
		}
		for _, job := range claimed.Jobs {
			time.Sleep(time.Duration(rand.Int63n(int64(5 * time.Second))))
			took, err := s.call("POST", fmt.Sprintf("/jobs/%d/complete_job/completed/%d", job.ID, s.run), object{"job_id": job.ID,
				"workflow_id": s.workflow, "run_id": s.run, "attempt_id": job.Attempt, "compute_node_id": node.ID, "return_code": 0,
				"exec_time_minutes": 0.01, "completion_time": time.Now().UTC().Format(time.RFC3339Nano), "status": "completed"}, nil)
			s.note(took, err)
		}
	}
}

func (s *soak) note(took time.Duration, err error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if err != nil {
		s.failures++
		fmt.Fprintln(os.Stderr, err)
		return
	}
	s.done++
	s.latencies = append(s.latencies, took)
}

func (s *soak) report(elapsed time.Duration, pid int) {
	s.mutex.Lock()
	latencies := s.latencies
	s.latencies = nil
	done, failures := s.done, s.failures
	s.mutex.Unlock()
	sort.Slice(latencies, func(a, b int) bool { return latencies[a] < latencies[b] })
	part := func(p float64) float64 {
		if len(latencies) == 0 {
			return 0
		}
		return float64(latencies[int(p*float64(len(latencies)-1))].Microseconds()) / 1000
	}
	fmt.Printf("%4.0f min  done %7d  failed %d  memory %s  complete p50 %.2f ms p99 %.2f ms max %.2f ms\n", elapsed.Minutes(), done,
		failures, memory(pid), part(.5), part(.99), part(1))
}

// memory is the server's resident set, as Linux reports it.
func memory(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return "unknown"
	}
	for _, line := range strings.Split(string(text), "\n") {
		if rest, found := strings.CutPrefix(line, "VmRSS:"); found {
			return strings.TrimSpace(rest)
		}
	}
	return "unknown"
}

func main() {
	url := flag.String("url", "http://127.0.0.1:8080/torc-service/v1", "base URL")
	workers := flag.Int("workers", 200, "workers")
	length := flag.Duration("time", 30*time.Minute, "how long")
	every := flag.Duration("every", time.Minute, "between reports")
	pid := flag.Int("pid", 0, "process id of the server, whose memory is shown")
	flag.Parse()
	s := &soak{base: *url, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: *workers + 4}, Timeout: time.Minute}}
	s.prepare()
	start := time.Now()
	end := start.Add(*length)
	var group sync.WaitGroup
	for number := 0; number < *workers; number++ {
		group.Add(1)
		go func() { defer group.Done(); s.work(number, end) }()
	}
	go s.feed(end)
	for time.Now().Before(end) {
		time.Sleep(min(*every, time.Until(end)))
		s.report(time.Since(start), *pid)
	}
	group.Wait()
	if s.failures > 0 {
		os.Exit(1)
	}
}
