// A token request of a native app: go run go-net-http.go <token endpoint> <code> <code_verifier>
package main

import (
	"io"
	"net/http"
	"net/url"
	"os"
)

func main() {
	response, err := http.PostForm(os.Args[1], url.Values{
		"grant_type":    {"authorization_code"},
		"client_id":     {"app-1"},
		"code":          {os.Args[2]},
		"redirect_uri":  {"com.example.app:/callback"},
		"code_verifier": {os.Args[3]},
	})
	if err != nil {
		panic(err)
	}
	io.Copy(os.Stdout, response.Body)
}
