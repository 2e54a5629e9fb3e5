function Initialize-AgentProcess {
    <#
    .SYNOPSIS
    Makes ready what every job needs: loads the module, and has a job that does nothing go the whole way.
    .DESCRIPTION
    Asks the host for nothing, so that the job that follows sees the host as it is then. A module that is missing is for the job to say.
    #>
    [CmdletBinding()]
    [OutputType([void])]
    param()
    $nothing = '{"operation":"batch","resource_spec":{"steps":[{"operation":"agent.noop","resource_spec":{"list":["\n",0,true,null]}}]},"host":{"storage":{}},"metadata":{}}'
    $stream = [System.IO.MemoryStream]::new([System.Text.Encoding]::UTF8.GetBytes($nothing))
    $null = Invoke-Agent -InputStream $stream -Stray ([System.IO.StringWriter]::new())
}
